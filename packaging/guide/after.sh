
# What the guide set up is a chat: two people sign in over TLS and talk; the owner's password is ada's.
export CHAT_SERVER=wss://127.0.0.1:7667
CHAT_TRUST=$(chat-server --json cert | sed 's/.*"fingerprint":"\([^"]*\)".*/\1/')
export CHAT_TRUST
code=$(chat-server invite create)
ada() { CHAT_USER=ada CHAT_PASSWORD=$(cat /root/adas-password) CHAT_CONFIG_DIR=/tmp/ada chat-cli "$@"; }
lin() { CHAT_USER=lin CHAT_PASSWORD='another good horse' CHAT_CONFIG_DIR=/tmp/lin chat-cli "$@"; }
ada create town
lin register --invite "$code"
lin join '#town'
ada send '#town' 'it works'
lin history '#town' | grep 'it works'
! grep -r 'it works' /var/log/chat-server.log
test "$(stat -c '%U %a' /var/lib/chat-server)" = 'chat-server 700'
test -z "$(find /var/lib/chat-server ! -user chat-server)"
systemctl stop
apt-get remove --yes chat-server
test -s /var/lib/chat-server/chat.sqlite
