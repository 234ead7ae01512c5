"""What is billed again: duplicates, what of them was credited, and what was billed too little."""
