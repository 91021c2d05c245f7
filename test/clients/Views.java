// Reads a workspace as a BI tool does, through JDBC: schemas, views, columns with their types and
// comments, then every row. Prints one line a view. Arguments: socket file, user, database, schema.
// The driver speaks TCP; the factory gives it the server's Unix socket instead.
import java.io.*;
import java.net.*;
import java.nio.channels.*;
import java.sql.*;
import java.util.*;

public class Views {
	static final Set<String> BUILT_IN = Set.of("int2", "int4", "int8", "float4", "float8", "numeric", "text", "bool",
		"date", "timestamp", "timestamptz", "json", "jsonb", "bpchar", "varchar", "uuid", "interval");

	public static class SocketFactory extends javax.net.SocketFactory {
		private final String path;
		public SocketFactory(String path) { this.path = path; }
		public Socket createSocket() { return new UnixSocket(path); }
		public Socket createSocket(String h, int p) { return createSocket(); }
		public Socket createSocket(String h, int p, InetAddress a, int b) { return createSocket(); }
		public Socket createSocket(InetAddress h, int p) { return createSocket(); }
		public Socket createSocket(InetAddress h, int p, InetAddress a, int b) { return createSocket(); }
	}

	static class UnixSocket extends Socket {
		private final String path;
		private SocketChannel channel;
		UnixSocket(String path) { this.path = path; }
		@Override public void connect(SocketAddress ignored, int timeout) throws IOException {
			channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
		}
		@Override public void connect(SocketAddress ignored) throws IOException { connect(ignored, 0); }
		@Override public InputStream getInputStream() {
			return Channels.newInputStream(new ReadableByteChannel() {
				public int read(java.nio.ByteBuffer b) throws IOException { return channel.read(b); }
				public boolean isOpen() { return channel.isOpen(); }
				public void close() throws IOException { channel.close(); }
			});
		}
		@Override public OutputStream getOutputStream() {
			return Channels.newOutputStream(new WritableByteChannel() {
				public int write(java.nio.ByteBuffer b) throws IOException { return channel.write(b); }
				public boolean isOpen() { return channel.isOpen(); }
				public void close() throws IOException { channel.close(); }
			});
		}
		@Override public void setSoTimeout(int t) { }
		@Override public int getSoTimeout() { return 0; }
		@Override public void setTcpNoDelay(boolean on) { }
		@Override public void setKeepAlive(boolean on) { }
		@Override public boolean isConnected() { return channel != null; }
		@Override public boolean isClosed() { return channel != null && !channel.isOpen(); }
		@Override public synchronized void close() throws IOException { if (channel != null) channel.close(); }
		@Override public int getSendBufferSize() { return 8192; }
		@Override public int getReceiveBufferSize() { return 8192; }
	}

	public static void main(String[] args) throws Exception {
		Properties p = new Properties();
		p.setProperty("user", args[1]);
		p.setProperty("sslmode", "disable");
		p.setProperty("gssEncMode", "disable");
		p.setProperty("socketFactory", "Views$SocketFactory");
		p.setProperty("socketFactoryArg", args[0]);
		try (Connection c = DriverManager.getConnection("jdbc:postgresql://localhost/" + args[2], p)) {
			DatabaseMetaData meta = c.getMetaData();
			List<String> schemas = new ArrayList<>();
			for (ResultSet r = meta.getSchemas(); r.next();) schemas.add(r.getString("TABLE_SCHEM"));
			if (!schemas.contains(args[3])) throw new Exception("no schema " + args[3]);
			SortedMap<String, String> views = new TreeMap<>();
			for (ResultSet r = meta.getTables(null, args[3], "%", new String[] {"VIEW"}); r.next();)
				views.put(r.getString("TABLE_NAME"), String.valueOf(r.getString("REMARKS")));
			for (String view : views.keySet()) {
				int columns = 0, commented = 0, rows = 0, values = 0;
				StringBuilder foreign = new StringBuilder();
				for (ResultSet r = meta.getColumns(null, args[3], view, "%"); r.next(); columns++) {
					String comment = r.getString("REMARKS");
					if (comment != null && !comment.isEmpty()) commented++;
					if (!BUILT_IN.contains(r.getString("TYPE_NAME"))) foreign.append("|" + r.getString("COLUMN_NAME"));
				}
				if (views.get(view).equals("null")) commented = 0;
				ResultSet r = c.createStatement().executeQuery("SELECT * FROM \"" + args[3] + "\".\"" + view + "\"");
				for (; r.next(); rows++)
					for (int i = 1; i <= columns; i++) if (r.getObject(i) != null) values++;
				System.out.println(view + "|" + columns + "|" + commented + "|" + rows + "|" + values + foreign);
			}
		}
	}
}
