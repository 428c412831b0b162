"""The Gen 2 Wall Connector's load sharing on RS-485, without I/O: bytes in, frozen messages out. It imports nothing of ours."""
