"""What Ampshift keeps on disk. README.md in this folder is the contract of every file; no other package opens one."""
