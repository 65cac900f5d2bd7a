-- What an outliner kept in three shapes (records, tags in a text, a tree by parent), and the one table it moves to.
CREATE SCHEMA legacy;
CREATE TABLE legacy.chunks (
  id bigint PRIMARY KEY,
  parent_id bigint,
  content text,
  tags text,
  created text,
  changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE unified_chunks (
  chunk_id bigint PRIMARY KEY,
  contents text NOT NULL CHECK (contents <> ''),
  parent bigint REFERENCES unified_chunks,
  is_page boolean NOT NULL,
  created_time timestamptz NOT NULL
);
CREATE TABLE chunk_tags (
  chunk_id bigint REFERENCES unified_chunks,
  tag varchar(40),
  PRIMARY KEY (chunk_id, tag)
);
CREATE TABLE chunk_hierarchy (
  ancestor bigint REFERENCES unified_chunks,
  descendant bigint REFERENCES unified_chunks,
  depth integer NOT NULL,
  PRIMARY KEY (ancestor, descendant)
);
