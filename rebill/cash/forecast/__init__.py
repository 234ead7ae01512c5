"""What cash will do: pulls, customers and credits, drawn many times over.

`history` says how customers paid and how long carriers took, `facts` what is known and what is to
be expected from a day on, `draw` makes scenarios of it, `outlook` tells what they have in common.
Amounts are whole cents all the way; floating point is for chances and draws alone, which is why
these modules do not stand on the list of those in which it is a mistake.
"""
