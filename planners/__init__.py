"""Pure functions: Snapshot in, Decision out, reasons as data. No clients, files, clock, randomness or logging."""
