"""What speaks inward: the frame around every page, roles, the HTTP routes, and widgets that pages share."""
