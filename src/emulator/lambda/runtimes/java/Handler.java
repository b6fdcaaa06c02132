package sortie.runtime;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;

/**
 * A function's handler: a class that implements {@code RequestHandler} or {@code RequestStreamHandler}, or any public method, of one of
 * these forms, each with a {@code Context} behind it or without: {@code (T)}, {@code ()}, {@code (InputStream, OutputStream)}.
 */
final class Handler {
  private static final String CORE = "com.amazonaws.services.lambda.runtime.";

  private final Method method;
  private final Object target;
  private final Type input;

  private Handler(Method method, Object target, Type input) {
    this.method = method;
    this.target = target;
    this.input = input;
  }

  /** {@code name}: {@code package.Class::method} or {@code package.Class}. */
  static Handler load(String name) throws Exception {
    int colons = name == null ? -1 : name.indexOf("::");
    String className = colons < 0 ? name : name.substring(0, colons);
    String methodName = colons < 0 ? "handleRequest" : name.substring(colons + 2);
    if (className == null || className.isEmpty() || methodName.isEmpty()) {
      throw new IllegalArgumentException(name + " is not a valid handler name: package.Class::method");
    }
    Class<?> type;
    try {
      type = Class.forName(className, true, Thread.currentThread().getContextClassLoader());
    } catch (ClassNotFoundException absent) {
      throw new ClassNotFoundException("Class not found: " + className, absent);
    }
    Method method = choose(type, methodName);
    Object target = Modifier.isStatic(method.getModifiers()) ? null : construct(type);
    return new Handler(method, target, inputOf(type, method));
  }

  /** What a reflective call wraps a handler's own exception into. */
  static Throwable unwrapped(Throwable failure) {
    boolean isWrapper = failure instanceof InvocationTargetException || failure instanceof ExceptionInInitializerError;
    return isWrapper && failure.getCause() != null ? failure.getCause() : failure;
  }

  byte[] handle(byte[] event, InvocationContext context) throws Throwable {
    Class<?>[] types = method.getParameterTypes();
    Object[] arguments = new Object[types.length];
    boolean withContext = types.length > 0 && isContext(types[types.length - 1]);
    int others = types.length - (withContext ? 1 : 0);
    if (withContext) {
      arguments[others] = context.as(types[others]);
    }
    if (takesStreams(types)) {
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      arguments[0] = new ByteArrayInputStream(event);
      arguments[1] = answer;
      call(arguments);
      return answer.toByteArray();
    }
    if (others == 1) {
      arguments[0] = types[0] == InputStream.class ? new ByteArrayInputStream(event)
          : Beans.read(event.length == 0 ? null : Json.read(new String(event, StandardCharsets.UTF_8)), input);
    }
    return Json.write(Beans.write(call(arguments))).getBytes(StandardCharsets.UTF_8);
  }

  private Object call(Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException failed) {
      throw failed.getCause();
    }
  }

  private static boolean isContext(Class<?> type) {
    return type.getName().equals(CORE + "Context");
  }

  private static boolean takesStreams(Class<?>[] types) {
    return types.length >= 2 && types[0] == InputStream.class && types[1] == OutputStream.class;
  }

  private static boolean isHandlerForm(Method method) {
    Class<?>[] types = method.getParameterTypes();
    boolean withContext = types.length > 0 && isContext(types[types.length - 1]);
    int others = types.length - (withContext ? 1 : 0);
    return others <= 1 || (others == 2 && takesStreams(types));
  }

  /** Of several the one with the most parameters, as Lambda chooses; of equally many the one with a context. */
  private static Method choose(Class<?> type, String name) throws NoSuchMethodException {
    Method best = null;
    boolean isThere = false;
    for (Method each : type.getMethods()) {
      if (!each.getName().equals(name) || each.isBridge()) {
        continue;
      }
      isThere = true;
      if (isHandlerForm(each) && (best == null || rank(each) > rank(best))) {
        best = each;
      }
    }
    if (best == null) {
      throw new NoSuchMethodException(isThere
          ? "the public methods " + type.getName() + "::" + name + " have no parameters that Lambda knows"
          : "No public method named " + name + " with appropriate method signature found on class " + type.getName());
    }
    best.setAccessible(true); // the class itself need not be public
    return best;
  }

  private static int rank(Method method) {
    Class<?>[] types = method.getParameterTypes();
    return 2 * types.length + (types.length > 0 && isContext(types[types.length - 1]) ? 1 : 0);
  }

  private static Object construct(Class<?> type) throws Exception {
    Constructor<?> constructor;
    try {
      constructor = type.getConstructor();
    } catch (NoSuchMethodException absent) {
      throw new NoSuchMethodException("Class " + type.getName() + " has no public zero-argument constructor");
    }
    constructor.setAccessible(true);
    return constructor.newInstance();
  }

  private static Type inputOf(Class<?> type, Method method) {
    Type[] types = method.getGenericParameterTypes();
    return types.length == 0 ? Object.class : Beans.resolve(types[0], type, method.getDeclaringClass());
  }
}
