"""The daemon as a process: where it keeps its files, who holds its lock, how it is started, asked and stopped."""
