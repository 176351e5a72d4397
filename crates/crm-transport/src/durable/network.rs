//! Finds out whether a file is on a network file system, where locks and SQLite's WAL do not work.

use std::path::Path;

/// Returns the name of the network file system that holds this file, such as `nfs4`. It is known only on Linux. Locks of the
/// operating system and SQLite's WAL do not work there.
#[must_use]
pub fn network_file_system(path: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let path = path.canonicalize().ok()?;
    let kind = of_mounts(&mounts, &path)?;
    NETWORK.contains(&kind).then(|| kind.to_owned())
}

/// Returns the type of the file system of this path. The last of the longest mount points that contain it counts.
fn of_mounts<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?.replace("\\040", " ");
        path.starts_with(&point).then(|| (point.len(), kind.split(' ').next().unwrap_or_default()))
    });
    mounts.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
    "fuse.rclone",
];

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 253:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /mnt/office\\040files rw - nfs4 host:/share rw
31 22 0:41 / /mnt rw - tmpfs tmpfs rw
";

    #[test]
    fn the_longest_mount_point_decides() {
        assert_eq!(of_mounts(MOUNTS, Path::new("/home/calls.db")), Some("ext4"));
        assert_eq!(of_mounts(MOUNTS, Path::new("/mnt/calls.db")), Some("tmpfs"));
        assert_eq!(of_mounts(MOUNTS, Path::new("/mnt/office files/calls.db")), Some("nfs4"));
        assert_eq!(of_mounts(MOUNTS, Path::new("/mnt/office/calls.db")), Some("tmpfs"));
    }
}
