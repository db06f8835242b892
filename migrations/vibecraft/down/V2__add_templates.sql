-- Drops the templates; their rows are lost.

DROP TABLE templates;
