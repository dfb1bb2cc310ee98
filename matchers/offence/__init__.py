"""What makes an offer an infringement? One module for each kind of reason; matchers.matcher has the protocol."""
