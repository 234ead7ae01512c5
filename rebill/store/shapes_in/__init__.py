"""The reference tables of one concern each; `rebill.store.shapes.TABLES` lists them all."""
