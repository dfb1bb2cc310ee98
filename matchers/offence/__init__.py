"""What makes an offer an infringement? One module, one ground."""
