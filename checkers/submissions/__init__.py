"""The formats in which students hand in, one file each; `checkers.submission` chooses by the file's ending."""
