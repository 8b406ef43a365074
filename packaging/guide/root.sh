#!/bin/bash
# Makes a clean root over this machine's own, with a network of its own, and does there what
# docs/admin.md says. Nothing of it stays. Called by `cargo xtask guide`, as root, inside new mount,
# network and process namespaces: root.sh FOLDER DEBS GUIDE.
set -euo pipefail
place=$1 debs=$2 guide=$3
here=$(dirname "$(readlink -f "$0")")
mount -t tmpfs -o size=3G chat-guide "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" chat-guide "$place/root"
root=$place/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
ip link set lo up
# What an earlier installation on this machine left is not there.
rm -rf "$root/var/lib/chat-server" "$root/etc/chat-server" "$root/var/backups/chat"
install -m 0755 "$here/systemctl" "$root/usr/local/bin/systemctl"
cp "$debs"/*.deb "$root/root/"
cp "$guide" "$root/root/guide.sh"
(umask 077 && echo 'correct horse battery staple' >"$root/root/adas-password")
exec chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive bash -c 'cd /root && bash -euxo pipefail guide.sh'
