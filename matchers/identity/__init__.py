"""Which registered work does a listing carry? One module, one way to recognise it."""
