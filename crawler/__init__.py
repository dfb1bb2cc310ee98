"""The ground floor: what every other package stands on. It imports none of them."""
