# Reads a workspace as a BI tool does, through psycopg2: schemas, views, columns with their types
# and comments, then every row. Prints one line a view. Arguments: libpq connection string, schema.
import sys
import psycopg2

connection = psycopg2.connect(sys.argv[1])
schema = sys.argv[2]
cursor = connection.cursor()
cursor.execute("SELECT schema_name FROM information_schema.schemata")
assert schema in [row[0] for row in cursor]
cursor.execute("""SELECT table_name, obj_description(format('%%I.%%I', table_schema, table_name)::regclass)
	FROM information_schema.tables WHERE table_schema = %s AND table_type = 'VIEW' ORDER BY 1""", (schema,))
for view, comment in cursor.fetchall():
	cursor.execute("""SELECT column_name, data_type, col_description(format('%%I.%%I', table_schema, table_name)::regclass, ordinal_position)
		FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position""", (schema, view))
	columns = cursor.fetchall()
	commented = sum(1 for column in columns if column[2])
	foreign = [column[0] for column in columns if column[1] in ("USER-DEFINED", "ARRAY")]
	cursor.execute('SELECT * FROM "%s"."%s"' % (schema, view))
	names = [description[0] for description in cursor.description]
	assert names == [column[0] for column in columns]
	rows = cursor.fetchall()
	values = sum(1 for row in rows for value in row if value is not None)
	print("|".join([view, str(len(columns)), str(commented if comment else 0), str(len(rows)), str(values)] + foreign))
