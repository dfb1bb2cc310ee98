"""Which registered work does a listing carry? One module for each way to tell; matchers.matcher has the protocol."""
