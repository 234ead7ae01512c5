"""How the record changed shape: one script a change, run by `rebill db upgrade`."""
