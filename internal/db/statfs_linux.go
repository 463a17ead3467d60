package db

import (
	"os"
	"strings"
	"syscall"
)

// Magic numbers of file systems over a network, from statfs(2). 9p is not among them: sandboxes use it for local disks,
// and where it cannot share memory the engine refuses write-ahead logging by itself.
var networkMagic = map[uint32]string{
	0x6969:     "nfs",
	0x517B:     "smb",
	0xFF534D42: "cifs",
	0xFE534D42: "smb2",
	0x5346414F: "afs",
	0x00C36400: "ceph",
	0x0BD00BD0: "lustre",
	0x47504653: "gpfs",
}

const fuseMagic = 0x65735546

// Types of FUSE mounts that are remote; other FUSE file systems may well be local disks.
var networkFUSE = []string{"fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.glusterfs", "fuse.davfs", "fuse.goofys", "fuse.juicefs"}

// networkFS names the network file system that dir is on, or gives "".
func networkFS(dir string) string {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return "" // opening the file will say more
	}
	magic := uint32(st.Type) // the width of the field differs by platform; magic numbers have 32 bits
	if magic != fuseMagic {
		return networkMagic[magic]
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	return remoteFUSE(string(mounts), dir)
}

// remoteFUSE finds the mount that holds dir in the text of /proc/self/mountinfo and names it if it is remote.
func remoteFUSE(mounts, dir string) string {
	best, kind := -1, ""
	for line := range strings.Lines(mounts) {
		left, right, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(left), strings.Fields(right)
		if !ok || len(f) < 5 || len(g) < 1 {
			continue
		}
		at := strings.ReplaceAll(f[4], `\040`, " ")
		inside := at == "/" || dir == at || strings.HasPrefix(dir, at+"/")
		if inside && len(at) >= best { // of two mounts on one place the later one counts
			best, kind = len(at), g[0]
		}
	}
	for _, remote := range networkFUSE {
		if kind == remote {
			return kind
		}
	}
	return ""
}
