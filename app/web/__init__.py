"""The Streamlit face: translates between people in a browser and `app.service`."""
