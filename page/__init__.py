"""The web page: what the state files say, drawn with Dash and Plotly. It writes override.json and nothing else."""
