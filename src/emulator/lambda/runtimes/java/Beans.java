package sortie.runtime;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** JSON values as a handler's own types and back, by the conventions of Java beans, as Lambda's serialiser does it. */
final class Beans {
  private static final int MOST_LEVELS = 1000;

  private Beans() {}

  // ---- JSON to types

  /** IllegalArgumentException when the value does not fit. */
  static Object read(Object value, Type type) throws Exception {
    Class<?> raw = rawType(type);
    if (value == null) {
      return raw.isPrimitive() ? Array.get(Array.newInstance(raw, 1), 0) : raw == Optional.class ? Optional.empty() : null;
    }
    if (raw == Object.class) {
      return value;
    }
    if (raw == String.class || raw == CharSequence.class) {
      return scalar(value, raw).toString();
    }
    if (raw.isPrimitive() || Number.class.isAssignableFrom(raw) || raw == Boolean.class || raw == Character.class) {
      return readScalar(scalar(value, raw), raw);
    }
    if (raw.isEnum()) {
      return readEnum(scalar(value, raw).toString(), raw);
    }
    if (raw.isArray()) {
      return readArray(value, raw, type);
    }
    if (Map.class.isAssignableFrom(raw)) {
      return readMap(value, raw, type);
    }
    if (Collection.class.isAssignableFrom(raw) || raw == Iterable.class) {
      return readCollection(value, raw, type);
    }
    if (raw == Optional.class) {
      return Optional.ofNullable(read(value, argument(type, 0)));
    }
    if (raw == Date.class && value instanceof Number) {
      return new Date(((Number) value).longValue());
    }
    return value instanceof Map ? readBean((Map<?, ?>) value, raw, type) : readText(value, raw);
  }

  private static IllegalArgumentException misfit(Object value, Class<?> type) {
    String what = value instanceof Map ? "an object" : value instanceof List ? "an array" : "'" + value + "'";
    return new IllegalArgumentException("An error occurred during JSON parsing: cannot make a " + type.getName() + " of " + what);
  }

  private static Object scalar(Object value, Class<?> type) {
    if (value instanceof Map || value instanceof List) {
      throw misfit(value, type);
    }
    return value;
  }

  private static Object readScalar(Object value, Class<?> type) {
    try {
      if (type == boolean.class || type == Boolean.class) {
        String text = value.toString();
        if (!text.equals("true") && !text.equals("false")) {
          throw misfit(value, type);
        }
        return Boolean.valueOf(text);
      }
      if (type == char.class || type == Character.class) {
        if (value.toString().length() != 1) {
          throw misfit(value, type);
        }
        return value.toString().charAt(0);
      }
      BigDecimal number = new BigDecimal(value.toString());
      if (type == int.class || type == Integer.class) {
        return number.toBigInteger().intValueExact();
      } else if (type == long.class || type == Long.class) {
        return number.toBigInteger().longValueExact();
      } else if (type == short.class || type == Short.class) {
        return number.toBigInteger().shortValueExact();
      } else if (type == byte.class || type == Byte.class) {
        return number.toBigInteger().byteValueExact();
      } else if (type == float.class || type == Float.class) {
        return number.floatValue();
      } else if (type == BigInteger.class) {
        return number.toBigInteger();
      } else if (type == BigDecimal.class) {
        return number;
      } else if (type == Number.class) {
        return value instanceof Number ? value : number;
      }
      return number.doubleValue();
    } catch (NumberFormatException | ArithmeticException outOfRange) {
      throw misfit(value, type);
    }
  }

  private static Object readEnum(String name, Class<?> type) {
    for (Object constant : type.getEnumConstants()) {
      if (((Enum<?>) constant).name().equals(name)) {
        return constant;
      }
    }
    throw misfit(name, type);
  }

  private static Object readArray(Object value, Class<?> raw, Type type) throws Exception {
    if (raw == byte[].class && value instanceof String) {
      return Base64.getDecoder().decode((String) value);
    }
    if (!(value instanceof List)) {
      throw misfit(value, raw);
    }
    Type element = type instanceof GenericArrayType ? ((GenericArrayType) type).getGenericComponentType() : raw.getComponentType();
    List<?> items = (List<?>) value;
    Object array = Array.newInstance(raw.getComponentType(), items.size());
    for (int i = 0; i < items.size(); i++) {
      Array.set(array, i, read(items.get(i), element));
    }
    return array;
  }

  @SuppressWarnings("unchecked")
  private static Object readMap(Object value, Class<?> raw, Type type) throws Exception {
    if (!(value instanceof Map)) {
      throw misfit(value, raw);
    }
    boolean isAbstract = raw.isInterface() || Modifier.isAbstract(raw.getModifiers());
    Map<Object, Object> map = !isAbstract ? (Map<Object, Object>) instance(raw)
        : SortedMap.class.isAssignableFrom(raw) ? new TreeMap<>() : new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
      map.put(read(entry.getKey(), argument(type, 0)), read(entry.getValue(), argument(type, 1)));
    }
    return map;
  }

  @SuppressWarnings("unchecked")
  private static Object readCollection(Object value, Class<?> raw, Type type) throws Exception {
    if (!(value instanceof List)) {
      throw misfit(value, raw);
    }
    boolean isAbstract = raw.isInterface() || Modifier.isAbstract(raw.getModifiers());
    Collection<Object> items = !isAbstract ? (Collection<Object>) instance(raw)
        : Set.class.isAssignableFrom(raw) ? new LinkedHashSet<>()
        : Queue.class.isAssignableFrom(raw) ? new java.util.ArrayDeque<>() : new ArrayList<>();
    for (Object item : (List<?>) value) {
      items.add(read(item, argument(type, 0)));
    }
    return items;
  }

  /** A type of the library, or of a date library, that reads itself: {@code parse}, {@code valueOf}, {@code of}, a constructor. */
  private static Object readText(Object value, Class<?> type) throws Exception {
    for (String factory : new String[] {"parse", "valueOf", "fromString", "of"}) {
      for (Class<?> parameter : new Class<?>[] {String.class, CharSequence.class}) {
        try {
          Method method = type.getMethod(factory, parameter);
          if (Modifier.isStatic(method.getModifiers()) && type.isAssignableFrom(method.getReturnType())) {
            return method.invoke(null, scalar(value, type).toString());
          }
        } catch (NoSuchMethodException next) {
          // the next form
        }
      }
    }
    try {
      return type.getConstructor(String.class).newInstance(scalar(value, type).toString());
    } catch (NoSuchMethodException absent) {
      throw misfit(value, type);
    }
  }

  private static Object readBean(Map<?, ?> members, Class<?> raw, Type type) throws Exception {
    if (isRecord(raw)) {
      return readRecord(members, raw, type);
    }
    if (raw.isInterface() || Modifier.isAbstract(raw.getModifiers())) {
      throw misfit(members, raw);
    }
    Object bean = instance(raw);
    for (Map.Entry<?, ?> member : members.entrySet()) {
      setMember(bean, raw, type, String.valueOf(member.getKey()), member.getValue());
    }
    return bean;
  }

  private static void setMember(Object bean, Class<?> raw, Type type, String name, Object value) throws Exception {
    for (Method method : raw.getMethods()) {
      boolean isSetter = method.getName().startsWith("set") && method.getParameterCount() == 1 && !Modifier.isStatic(method.getModifiers());
      if (isSetter && method.getName().substring(3).equalsIgnoreCase(name)) {
        method.setAccessible(true);
        method.invoke(bean, read(value, resolve(method.getGenericParameterTypes()[0], type, method.getDeclaringClass())));
        return;
      }
    }
    for (Class<?> owner = raw; owner != null && owner != Object.class; owner = owner.getSuperclass()) {
      for (Field field : owner.getDeclaredFields()) {
        if (!Modifier.isStatic(field.getModifiers()) && field.getName().equalsIgnoreCase(name)) {
          field.setAccessible(true);
          field.set(bean, read(value, resolve(field.getGenericType(), type, owner)));
          return;
        }
      }
    } // members that the type does not have are left out, as Lambda leaves them
  }

  /** Also of a class that has no constructor for it: AWS's event classes have some. */
  private static Object instance(Class<?> type) throws Exception {
    try {
      Constructor<?> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      return constructor.newInstance();
    } catch (NoSuchMethodException absent) {
      Class<?> unsafe = Class.forName("sun.misc.Unsafe");
      Field only = unsafe.getDeclaredField("theUnsafe");
      only.setAccessible(true);
      return unsafe.getMethod("allocateInstance", Class.class).invoke(only.get(null), type);
    }
  }

  // ---- records, by reflection: the source is Java 8

  private static boolean isRecord(Class<?> type) {
    return type.getSuperclass() != null && type.getSuperclass().getName().equals("java.lang.Record");
  }

  private static Object[] components(Class<?> type) throws Exception {
    return (Object[]) Class.class.getMethod("getRecordComponents").invoke(type);
  }

  private static Object ofComponent(Object component, String getter) throws Exception {
    return component.getClass().getMethod(getter).invoke(component);
  }

  private static Object readRecord(Map<?, ?> members, Class<?> raw, Type type) throws Exception {
    Object[] components = components(raw);
    Class<?>[] types = new Class<?>[components.length];
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = (Class<?>) ofComponent(components[i], "getType");
      Type wanted = resolve((Type) ofComponent(components[i], "getGenericType"), type, raw);
      values[i] = read(members.get(ofComponent(components[i], "getName")), wanted);
    }
    Constructor<?> constructor = raw.getDeclaredConstructor(types);
    constructor.setAccessible(true);
    return constructor.newInstance(values);
  }

  // ---- types to JSON

  /** What Json can write. */
  static Object write(Object value) throws Exception {
    return write(value, 0);
  }

  private static Object write(Object value, int level) throws Exception {
    if (level > MOST_LEVELS) {
      throw new IllegalArgumentException("the answer is nested too deeply, or in itself");
    }
    if (value == null || value instanceof String || value instanceof Number || value instanceof Boolean) {
      return value;
    }
    if (value instanceof Enum) {
      return ((Enum<?>) value).name();
    }
    if (value instanceof Date) {
      return ((Date) value).getTime();
    }
    if (value instanceof byte[]) {
      return Base64.getEncoder().encodeToString((byte[]) value);
    }
    if (value instanceof Optional) {
      return write(((Optional<?>) value).orElse(null), level + 1);
    }
    if (value instanceof Map) {
      Map<String, Object> fields = new LinkedHashMap<>();
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
        fields.put(String.valueOf(entry.getKey()), write(entry.getValue(), level + 1));
      }
      return fields;
    }
    if (value instanceof Iterable || value.getClass().isArray()) {
      return writeItems(value, level);
    }
    String name = value.getClass().getName();
    boolean tellsItself = name.startsWith("java.") || name.startsWith("org.joda.time.");
    return tellsItself ? value.toString() : writeBean(value, level);
  }

  private static List<Object> writeItems(Object value, int level) throws Exception {
    List<Object> items = new ArrayList<>();
    if (value instanceof Iterable) {
      for (Object item : (Iterable<?>) value) {
        items.add(write(item, level + 1));
      }
      return items;
    }
    for (int i = 0; i < Array.getLength(value); i++) {
      items.add(write(Array.get(value, i), level + 1));
    }
    return items;
  }

  private static Map<String, Object> writeBean(Object bean, int level) throws Exception {
    Class<?> type = bean.getClass();
    Map<String, Object> fields = new LinkedHashMap<>();
    if (isRecord(type)) {
      for (Object component : components(type)) {
        Method accessor = (Method) ofComponent(component, "getAccessor");
        accessor.setAccessible(true);
        fields.put((String) ofComponent(component, "getName"), write(accessor.invoke(bean), level + 1));
      }
      return fields;
    }
    for (Field field : type.getFields()) {
      if (!Modifier.isStatic(field.getModifiers())) {
        field.setAccessible(true);
        fields.put(field.getName(), write(field.get(bean), level + 1));
      }
    }
    Map<String, Method> getters = new TreeMap<>();
    for (Method method : type.getMethods()) {
      String property = propertyOf(method);
      if (property != null) {
        getters.put(property, method);
      }
    }
    for (Map.Entry<String, Method> getter : getters.entrySet()) {
      getter.getValue().setAccessible(true);
      fields.put(getter.getKey(), write(getter.getValue().invoke(bean), level + 1));
    }
    return fields;
  }

  /** The property that a method gets; null when it gets none. */
  private static String propertyOf(Method method) {
    boolean gets = method.getParameterCount() == 0 && method.getReturnType() != void.class && !Modifier.isStatic(method.getModifiers())
        && method.getDeclaringClass() != Object.class && !method.isBridge();
    if (!gets) {
      return null;
    }
    String name = method.getName();
    if (name.startsWith("get") && name.length() > 3) {
      return decapitalized(name.substring(3));
    }
    boolean isFlag = method.getReturnType() == boolean.class || method.getReturnType() == Boolean.class;
    return isFlag && name.startsWith("is") && name.length() > 2 ? decapitalized(name.substring(2)) : null;
  }

  /** As Jackson names properties: all capitals at the beginning become small, {@code URLPath} is {@code urlpath}. */
  private static String decapitalized(String name) {
    char[] letters = name.toCharArray();
    for (int i = 0; i < letters.length && Character.isUpperCase(letters[i]); i++) {
      letters[i] = Character.toLowerCase(letters[i]);
    }
    return new String(letters);
  }

  // ---- generic types

  private static Class<?> rawType(Type type) {
    if (type instanceof Class) {
      return (Class<?>) type;
    }
    if (type instanceof ParameterizedType) {
      return (Class<?>) ((ParameterizedType) type).getRawType();
    }
    if (type instanceof GenericArrayType) {
      return Array.newInstance(rawType(((GenericArrayType) type).getGenericComponentType()), 0).getClass();
    }
    if (type instanceof WildcardType) {
      return rawType(((WildcardType) type).getUpperBounds()[0]);
    }
    return type instanceof TypeVariable ? rawType(((TypeVariable<?>) type).getBounds()[0]) : Object.class;
  }

  private static Type argument(Type type, int index) {
    if (type instanceof ParameterizedType) {
      Type[] arguments = ((ParameterizedType) type).getActualTypeArguments();
      return index < arguments.length ? arguments[index] : Object.class;
    }
    return Object.class;
  }

  /** {@code type}, as {@code owner} declares it, seen from {@code context}, which is, or extends, a parametrised {@code owner}. */
  static Type resolve(Type type, Type context, Class<?> owner) {
    if (!(type instanceof TypeVariable)) {
      return type;
    }
    Type seen = superTypeOf(context, owner);
    TypeVariable<?>[] variables = owner.getTypeParameters();
    for (int i = 0; i < variables.length; i++) {
      if (variables[i].equals(type) && seen instanceof ParameterizedType) {
        return ((ParameterizedType) seen).getActualTypeArguments()[i];
      }
    }
    return rawType(type);
  }

  private static Type superTypeOf(Type context, Class<?> owner) {
    Class<?> raw = rawType(context);
    if (raw == owner) {
      return context;
    }
    List<Type> parents = new ArrayList<>();
    if (raw.getGenericSuperclass() != null) {
      parents.add(raw.getGenericSuperclass());
    }
    for (Type each : raw.getGenericInterfaces()) {
      parents.add(each);
    }
    for (Type parent : parents) {
      if (owner.isAssignableFrom(rawType(parent))) {
        return superTypeOf(parent, owner);
      }
    }
    return context;
  }
}
