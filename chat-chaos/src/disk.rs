//! Where the data lies: in a folder, or on a disk of its own, which is a file with ext4 in it, mounted by a
//! loop device. Of that one the power can be cut: what the server wrote and did not sync is in the memory of
//! the file system then and not in the file, so the file as it is at that moment is what a disk holds after a
//! power loss. (What was given to the device counts as kept; a disk that forgets what it was given before it
//! was told to flush is not modelled.)

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// How large the disk is: small, so that it is soon filled and soon copied.
const DISK_BYTES: u64 = 96 * 1024 * 1024;

/// The file system writes its own journal when somebody syncs, and not by itself within a run: otherwise
/// what nobody synced would be kept by luck.
const OPTIONS: &str = "loop,commit=600,noatime";

/// What fills the disk, from large to small pieces.
const PIECES: [usize; 3] = [1024 * 1024, 16 * 1024, 512];

/// How often a copy is tried until two in a row are the same.
const COPIES: usize = 20;

/// See the module.
pub(crate) enum Disk {
    /// A folder on the machine's own disk.
    Folder(PathBuf),
    /// A disk of its own: the folder of its files, which one is in use, and where it is mounted.
    Own { dir: PathBuf, number: usize, at: PathBuf },
}

impl Disk {
    /// This folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn folder(path: &Path) -> Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self::Folder(path.to_owned()))
    }

    /// A disk of its own.
    ///
    /// # Errors
    /// The machine does not let us.
    pub(crate) fn own(dir: &Path) -> Result<Self> {
        let at = dir.join("disk");
        fs::create_dir_all(&at)?;
        let disk = Self::Own { dir: dir.to_owned(), number: 0, at };
        File::create(disk.image()?)?.set_len(DISK_BYTES)?;
        // Nothing is left to be made later: a copy would not have it.
        run(Command::new("mkfs.ext4")
            .args(["-q", "-F", "-m", "0", "-E"])
            .arg("lazy_itable_init=0,lazy_journal_init=0")
            .arg(disk.image()?))?;
        disk.mount()?;
        fs::create_dir_all(disk.data())?;
        run(Command::new("sync").arg("-f").arg(disk.data()))?;
        Ok(disk)
    }

    /// Where the server keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        match self {
            Disk::Folder(path) => path.clone(),
            Disk::Own { at, .. } => at.join("data"),
        }
    }

    fn image(&self) -> Result<PathBuf> {
        match self {
            Disk::Own { dir, number, .. } => Ok(dir.join(format!("disk-{number}.img"))),
            Disk::Folder(_) => anyhow::bail!("a folder has no disk of its own"),
        }
    }

    fn mount(&self) -> Result<()> {
        let Disk::Own { at, .. } = self else { return Ok(()) };
        run(Command::new("mount").args(["-o", OPTIONS]).arg(self.image()?).arg(at))
    }

    fn unmount(&self) -> Result<()> {
        let Disk::Own { at, .. } = self else { return Ok(()) };
        run(Command::new("umount").arg(at))
    }

    /// Cuts the power. The server must be dead.
    ///
    /// # Errors
    /// There is no disk of its own, or it cannot be copied or mounted.
    pub(crate) fn cut_power(&mut self) -> Result<()> {
        let old = self.image()?;
        let Disk::Own { number, .. } = self else { return Ok(()) };
        *number += 1;
        let new = self.image()?;
        // The copy must be of one moment; nothing writes now but what the system does by itself.
        let mut tries = 0;
        fs::copy(&old, &new)?;
        while !same(&old, &new)? {
            tries += 1;
            ensure!(tries < COPIES, "the disk does not come to rest");
            fs::copy(&old, &new)?;
        }
        // What was in memory now goes into the old file, which nobody reads any more.
        self.unmount()?;
        self.mount()?;
        fs::remove_file(&old).context("removing the old disk")
    }

    /// Takes all the room there is.
    ///
    /// # Errors
    /// The file that takes it cannot be made.
    pub(crate) fn fill(&self) -> Result<()> {
        let mut ballast = File::create(self.ballast()).context("making the ballast")?;
        for piece in PIECES {
            let zeros = vec![0; piece];
            while ballast.write_all(&zeros).and_then(|()| ballast.sync_data()).is_ok() {}
        }
        Ok(())
    }

    /// Gives it back.
    pub(crate) fn make_room(&self) {
        // Where there is none, there is room.
        let _ = fs::remove_file(self.ballast());
    }

    /// Whether it can be filled without harm to the machine.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Disk::Own { .. })
    }

    fn ballast(&self) -> PathBuf {
        self.data().with_file_name("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The mount is in a namespace of this process, so what fails here ends with it.
        let _ = self.unmount();
    }
}

fn same(one: &Path, other: &Path) -> Result<bool> {
    Ok(Command::new("cmp").arg("-s").arg(one).arg(other).status().context("starting cmp")?.success())
}

fn run(command: &mut Command) -> Result<()> {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = command.env("PATH", path).output().with_context(|| format!("starting {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
