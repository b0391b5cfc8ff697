-- Whether a room has a table of this name already, whatever its capitals (room_tables_of_name).
CREATE INDEX request_table_name ON request (room_id, LOWER(table_name));
CREATE INDEX import_table_name ON import (room_id, LOWER(table_name));
