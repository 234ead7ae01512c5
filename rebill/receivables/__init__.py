"""What customers owe us: how old it is, how they are told and reminded, and how it is collected."""
