"""One thin typed adapter per outside service: bodies parsed and units converted at the edge. No rule about charging, no cache."""
