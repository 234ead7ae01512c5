"""What was earned and booked: the journal, months closed, statements."""
