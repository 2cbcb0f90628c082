-- `effect_line` stands in for it; in a file of its own, for it locks out even readers.
DROP INDEX effect_open;
