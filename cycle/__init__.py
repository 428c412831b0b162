"""One cycle: look, decide, act, record. The only place where clients, planners and state meet."""
