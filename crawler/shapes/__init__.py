"""Shapes of answers that several platforms share: lists in HTML and JSON, cloud-drive APIs, states of a share."""
