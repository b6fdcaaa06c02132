package sortie.runtime;

import java.io.PrintStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** What Lambda's {@code Context} says of one invocation. The interface comes with the function's package, so it is not named here. */
final class InvocationContext {
  private final RuntimeApi.Event event;
  private final long deadlineMillis;

  InvocationContext(RuntimeApi.Event event) {
    this.event = event;
    String deadline = event.header("lambda-runtime-deadline-ms");
    deadlineMillis = deadline == null ? Long.MAX_VALUE : Long.parseLong(deadline);
  }

  /** {@code type}: the package's {@code Context}. */
  Object as(Class<?> type) {
    return proxy(type, this::answer);
  }

  private Object answer(Method method) {
    switch (method.getName()) {
      case "getAwsRequestId": return event.requestId();
      case "getLogGroupName": return System.getenv("AWS_LAMBDA_LOG_GROUP_NAME");
      case "getLogStreamName": return System.getenv("AWS_LAMBDA_LOG_STREAM_NAME");
      case "getFunctionName": return System.getenv("AWS_LAMBDA_FUNCTION_NAME");
      case "getFunctionVersion": return System.getenv("AWS_LAMBDA_FUNCTION_VERSION");
      case "getInvokedFunctionArn": return event.header("lambda-runtime-invoked-function-arn");
      case "getRemainingTimeInMillis": return (int) Math.max(0, Math.min(Integer.MAX_VALUE, deadlineMillis - System.currentTimeMillis()));
      case "getMemoryLimitInMB": return Integer.parseInt(System.getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"));
      case "getLogger": return logger(method.getReturnType());
      case "getIdentity": return fields(method.getReturnType(), event.header("lambda-runtime-cognito-identity"), true);
      case "getClientContext": return fields(method.getReturnType(), event.header("lambda-runtime-client-context"), false);
      case "getXrayTraceId": return event.header("lambda-runtime-trace-id");
      default: return null;
    }
  }

  /** An interface whose getters answer with the members of a JSON object: {@code getIdentityId} with {@code cognitoIdentityId} too. */
  private static Object fields(Class<?> type, String json, boolean always) {
    if (json == null && !always) {
      return null;
    }
    Object members = json == null ? null : Json.read(json);
    return proxy(type, method -> {
      if (!(members instanceof Map) || !method.getName().startsWith("get")) {
        return null;
      }
      String name = method.getName().substring(3);
      for (Map.Entry<?, ?> member : ((Map<?, ?>) members).entrySet()) {
        String key = String.valueOf(member.getKey()).replace("_", "");
        if (key.equalsIgnoreCase(name) || key.equalsIgnoreCase("cognito" + name) || (name.equals("Environment") && key.equals("env"))) {
          boolean isNested = member.getValue() instanceof Map && method.getReturnType().isInterface() && method.getReturnType() != Map.class;
          return isNested ? fields(method.getReturnType(), Json.write(member.getValue()), true) : member.getValue();
        }
      }
      return null;
    });
  }

  private static Object logger(Class<?> type) {
    InvocationHandler log = (self, method, arguments) -> {
      if (!method.getName().equals("log")) {
        return ofObject(self, method, arguments);
      }
      byte[] line = arguments[0] instanceof byte[] ? (byte[]) arguments[0] : String.valueOf(arguments[0]).getBytes(StandardCharsets.UTF_8);
      PrintStream out = System.out;
      synchronized (out) {
        out.write(line, 0, line.length);
        if (line.length == 0 || line[line.length - 1] != '\n') {
          out.write('\n');
        }
        out.flush();
      }
      return null;
    };
    return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, log);
  }

  private interface Answer {
    Object of(Method method);
  }

  private static Object proxy(Class<?> type, Answer answer) {
    InvocationHandler handler = (self, method, arguments) ->
        method.getDeclaringClass() == Object.class ? ofObject(self, method, arguments) : answer.of(method);
    return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
  }

  private static Object ofObject(Object self, Method method, Object[] arguments) {
    switch (method.getName()) {
      case "equals": return self == arguments[0];
      case "hashCode": return System.identityHashCode(self);
      default: return self.getClass().getInterfaces()[0].getSimpleName();
    }
  }
}
