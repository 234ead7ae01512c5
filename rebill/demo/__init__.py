"""An invented carrier: its tariff, services and bills, and the errors it makes, with the truth.

`generate.generate` writes a whole world, `generate.bench_lines` one of a given size; `score.score`
compares what was found with what was planted and `show.show` prints the result on one screen.
"""
