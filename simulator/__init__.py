"""A house made of numbers: cars, connectors, Powerwall, sun, load, breaker and grid behind one explicit clock.

It is the far end of everything Ampshift talks to, written from the makers' facts and not from Ampshift's own clients, so that both ends
cannot share one mistake. `World` (house.py) is the physics, in memory; `Network` (network.py) puts the same world behind loopback sockets.
"""
