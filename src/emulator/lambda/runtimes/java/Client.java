package sortie.runtime;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The runtime client of Java functions: loads the handler, asks the Runtime API for events, answers. For packages that carry no
 * client of their own; plain Java 8, nothing but its library.
 * https://docs.aws.amazon.com/lambda/latest/dg/java-handler.html
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
public final class Client {
  private static final int MOST_FRAMES = 100;

  private Client() {}

  /** {@code arguments}: nothing, or the client that the package carries, a class with a {@code main}, and what that is given. */
  public static void main(String[] arguments) throws Exception {
    Trust.install();
    if (arguments.length > 0) {
      String[] its = java.util.Arrays.copyOfRange(arguments, 1, arguments.length);
      Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object) its);
      return;
    }
    RuntimeApi api = new RuntimeApi(System.getenv("AWS_LAMBDA_RUNTIME_API"));
    Handler handler;
    try {
      handler = Handler.load(System.getenv("_HANDLER"));
    } catch (Throwable failure) {
      Throwable cause = Handler.unwrapped(failure);
      print(cause);
      api.failInit(cause.getClass().getName(), document(cause));
      System.exit(1);
      return;
    }
    while (true) {
      serve(api, handler, api.next());
    }
  }

  private static void serve(RuntimeApi api, Handler handler, RuntimeApi.Event event) throws Exception {
    String trace = event.header("lambda-runtime-trace-id");
    if (trace != null) {
      System.setProperty("com.amazonaws.xray.traceHeader", trace);
    }
    byte[] answer;
    try {
      answer = handler.handle(event.body, new InvocationContext(event));
    } catch (Throwable failure) {
      Throwable cause = Handler.unwrapped(failure);
      print(cause);
      api.fail(event.requestId(), cause.getClass().getName(), document(cause));
      if (cause instanceof VirtualMachineError) {
        System.exit(1); // what is left of the machine is not to be trusted
      }
      return;
    } finally {
      System.out.flush();
    }
    api.answer(event.requestId(), answer);
  }

  /** The error document of Lambda: {@code errorMessage}, {@code errorType}, {@code stackTrace}, {@code cause}. */
  private static String document(Throwable failure) {
    return Json.write(describe(failure, 0));
  }

  private static Map<String, Object> describe(Throwable failure, int depth) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("errorMessage", failure.getMessage() == null ? failure.toString() : failure.getMessage());
    fields.put("errorType", failure.getClass().getName());
    fields.put("stackTrace", frames(failure));
    if (failure.getCause() != null && failure.getCause() != failure && depth < 10) {
      fields.put("cause", describe(failure.getCause(), depth + 1));
    }
    return fields;
  }

  /** Without our own and the reflection's below the handler. */
  private static List<String> frames(Throwable failure) {
    List<String> frames = new ArrayList<>();
    for (StackTraceElement frame : failure.getStackTrace()) {
      if (frame.getClassName().startsWith("sortie.runtime.") || frames.size() == MOST_FRAMES) {
        break;
      }
      frames.add(frame.toString());
    }
    while (!frames.isEmpty() && isReflection(frames.get(frames.size() - 1))) {
      frames.remove(frames.size() - 1);
    }
    return frames;
  }

  private static boolean isReflection(String frame) {
    return frame.contains("java.lang.reflect.") || frame.contains("jdk.internal.reflect.") || frame.contains("sun.reflect.")
        || frame.contains("java.lang.invoke.");
  }

  /** One write, so that nothing gets between its lines. */
  private static void print(Throwable failure) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    failure.printStackTrace(new PrintStream(text, true));
    System.err.write(text.toByteArray(), 0, text.size());
    System.err.flush();
  }
}
