package sortie.runtime;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Lambda's Runtime API over one connection that is kept. HttpURLConnection is slower to load, and retries by itself. */
final class RuntimeApi {
  private static final String VERSION = "/2018-06-01/runtime/";

  /** An answer of the API; of {@code next} the event. */
  static final class Event {
    final int status;
    final Map<String, String> headers;
    final byte[] body;

    Event(int status, Map<String, String> headers, byte[] body) {
      this.status = status;
      this.headers = headers;
      this.body = body;
    }

    /** By its name in lower case; null when it is not there. */
    String header(String name) {
      return headers.get(name);
    }

    String requestId() {
      return header("lambda-runtime-aws-request-id");
    }
  }

  private final String authority;
  private final Socket socket;
  private final InputStream in;

  RuntimeApi(String authority) throws IOException {
    this.authority = authority;
    int colon = authority.lastIndexOf(':');
    socket = new Socket(authority.substring(0, colon), Integer.parseInt(authority.substring(colon + 1)));
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream(), 65536);
  }

  Event next() throws IOException {
    Event event = call("GET", "invocation/next", "", new byte[0]);
    if (event.status != 200) {
      throw new IOException("the Runtime API answered " + event.status + ": " + new String(event.body, StandardCharsets.UTF_8));
    }
    return event;
  }

  void answer(String requestId, byte[] body) throws IOException {
    Event answer = call("POST", "invocation/" + requestId + "/response", "", body);
    if (answer.status == 413) {
      // The API has refused it and told the caller why; the function goes on.
      System.err.println(new String(answer.body, StandardCharsets.UTF_8));
    }
  }

  void fail(String requestId, String type, String document) throws IOException {
    call("POST", "invocation/" + requestId + "/error", errorType(type), document.getBytes(StandardCharsets.UTF_8));
  }

  void failInit(String type, String document) throws IOException {
    call("POST", "init/error", errorType(type), document.getBytes(StandardCharsets.UTF_8));
  }

  private static String errorType(String type) {
    return "Lambda-Runtime-Function-Error-Type: " + type.replaceAll("[^!-~]", "?") + "\r\n";
  }

  private synchronized Event call(String method, String path, String headers, byte[] body) throws IOException {
    ByteArrayOutputStream request = new ByteArrayOutputStream(512 + body.length);
    String head = method + " " + VERSION + path + " HTTP/1.1\r\nHost: " + authority + "\r\n" + headers
        + (method.equals("POST") ? "Content-Type: application/json\r\nContent-Length: " + body.length + "\r\n" : "") + "\r\n";
    request.write(head.getBytes(StandardCharsets.ISO_8859_1));
    request.write(body);
    request.writeTo(socket.getOutputStream());
    return read();
  }

  private Event read() throws IOException {
    String line = line();
    if (!line.startsWith("HTTP/1.")) {
      throw new IOException("the Runtime API closed the connection");
    }
    int status = Integer.parseInt(line.split(" ", 3)[1]);
    Map<String, String> headers = new HashMap<>();
    while (!(line = line()).isEmpty()) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).trim());
      }
    }
    return new Event(status, headers, body(headers));
  }

  private byte[] body(Map<String, String> headers) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    if (!"chunked".equalsIgnoreCase(headers.get("transfer-encoding"))) {
      copy(Integer.parseInt(headers.getOrDefault("content-length", "0")), body);
      return body.toByteArray();
    }
    int size;
    while ((size = Integer.parseInt(line().split(";")[0].trim(), 16)) > 0) {
      copy(size, body);
      line();
    }
    while (!line().isEmpty()) {
      // trailers
    }
    return body.toByteArray();
  }

  private void copy(int size, ByteArrayOutputStream to) throws IOException {
    byte[] buffer = new byte[Math.min(Math.max(size, 1), 65536)];
    for (int left = size; left > 0; ) {
      int count = in.read(buffer, 0, Math.min(left, buffer.length));
      if (count < 0) {
        throw new EOFException("the Runtime API closed the connection");
      }
      to.write(buffer, 0, count);
      left -= count;
    }
  }

  /** Without its end; the header values of Lambda are UTF-8 in practice. */
  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int next;
    while ((next = in.read()) >= 0 && next != '\n') {
      if (next != '\r') {
        line.write(next);
      }
    }
    return new String(line.toByteArray(), StandardCharsets.UTF_8);
  }
}
