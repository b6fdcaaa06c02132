package sortie.runtime;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON (RFC 8259) as maps, lists, strings, numbers, booleans and null. */
final class Json {
  private static final int MOST_LEVELS = 1000;

  private final String text;
  private int at;
  private int level;

  private Json(String text) {
    this.text = text;
  }

  /** IllegalArgumentException for what is no JSON. */
  static Object read(String text) {
    Json json = new Json(text);
    json.skipBlanks();
    Object value = json.value();
    json.skipBlanks();
    if (json.at != text.length()) {
      throw json.wrong();
    }
    return value;
  }

  static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private IllegalArgumentException wrong() {
    return new IllegalArgumentException("the event is not JSON: unexpected input at character " + at);
  }

  private void skipBlanks() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private char peek() {
    if (at == text.length()) {
      throw wrong();
    }
    return text.charAt(at);
  }

  private void expect(char wanted) {
    if (peek() != wanted) {
      throw wrong();
    }
    at++;
  }

  private Object value() {
    if (++level > MOST_LEVELS) {
      throw new IllegalArgumentException("the event is nested too deeply");
    }
    Object value;
    switch (peek()) {
      case '{': value = object(); break;
      case '[': value = array(); break;
      case '"': value = string(); break;
      case 't': value = word("true", Boolean.TRUE); break;
      case 'f': value = word("false", Boolean.FALSE); break;
      case 'n': value = word("null", null); break;
      default: value = number();
    }
    level--;
    return value;
  }

  private Object word(String word, Object value) {
    if (!text.startsWith(word, at)) {
      throw wrong();
    }
    at += word.length();
    return value;
  }

  private Map<String, Object> object() {
    Map<String, Object> fields = new LinkedHashMap<>();
    expect('{');
    skipBlanks();
    if (peek() == '}') {
      at++;
      return fields;
    }
    while (true) {
      skipBlanks();
      String name = string();
      skipBlanks();
      expect(':');
      skipBlanks();
      fields.put(name, value());
      skipBlanks();
      if (peek() != ',') {
        expect('}');
        return fields;
      }
      at++;
    }
  }

  private List<Object> array() {
    List<Object> items = new ArrayList<>();
    expect('[');
    skipBlanks();
    if (peek() == ']') {
      at++;
      return items;
    }
    while (true) {
      skipBlanks();
      items.add(value());
      skipBlanks();
      if (peek() != ',') {
        expect(']');
        return items;
      }
      at++;
    }
  }

  private String string() {
    StringBuilder out = new StringBuilder();
    expect('"');
    while (true) {
      char next = peek();
      at++;
      if (next == '"') {
        return out.toString();
      }
      if (next < 0x20) {
        throw wrong();
      }
      out.append(next == '\\' ? escape() : next);
    }
  }

  private char escape() {
    char kind = peek();
    at++;
    int known = "\"\\/bfnrt".indexOf(kind);
    if (known >= 0) {
      return "\"\\/\b\f\n\r\t".charAt(known);
    }
    if (kind != 'u' || at + 4 > text.length()) {
      throw wrong();
    }
    try {
      char code = (char) Integer.parseInt(text.substring(at, at + 4), 16);
      at += 4;
      return code;
    } catch (NumberFormatException notHexadecimal) {
      throw wrong();
    }
  }

  /** As Jackson reads them into an Object: Integer, Long, BigInteger, Double. */
  private Object number() {
    int begin = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    String digits = text.substring(begin, at);
    if (!digits.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) {
      at = begin;
      throw wrong();
    }
    if (digits.matches(".*[.eE].*")) {
      return Double.valueOf(digits);
    }
    BigInteger whole = new BigInteger(digits);
    if (whole.bitLength() < 32) {
      return whole.intValue();
    }
    return whole.bitLength() < 64 ? (Object) whole.longValue() : whole;
  }

  private static void write(Object value, StringBuilder out) {
    if (value instanceof Map) {
      char separator = '{';
      for (Map.Entry<?, ?> field : ((Map<?, ?>) value).entrySet()) {
        out.append(separator);
        quote(String.valueOf(field.getKey()), out);
        out.append(':');
        write(field.getValue(), out);
        separator = ',';
      }
      out.append(separator == '{' ? "{}" : "}");
    } else if (value instanceof Iterable) {
      char separator = '[';
      for (Object item : (Iterable<?>) value) {
        out.append(separator);
        write(item, out);
        separator = ',';
      }
      out.append(separator == '[' ? "[]" : "]");
    } else if (value instanceof BigDecimal) {
      out.append(((BigDecimal) value).toPlainString());
    } else if (value == null || value instanceof Number || value instanceof Boolean) {
      boolean isNoNumber = value instanceof Double && (((Double) value).isNaN() || ((Double) value).isInfinite());
      if (isNoNumber) {
        quote(value.toString(), out);
      } else {
        out.append(value);
      }
    } else {
      quote(value.toString(), out);
    }
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char next = text.charAt(i);
      int known = "\"\\\b\f\n\r\t".indexOf(next);
      if (known >= 0) {
        out.append('\\').append("\"\\bfnrt".charAt(known));
      } else if (next < 0x20) {
        out.append(String.format("\\u%04x", (int) next));
      } else {
        out.append(next);
      }
    }
    out.append('"');
  }
}
