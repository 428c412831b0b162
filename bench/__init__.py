"""Time and memory budgets, measured: `python -m bench`."""
