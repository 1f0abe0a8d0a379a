import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's command-line tools, one after the other, in one machine. Each line of the standard
 * input is one command: its class, its standard input, its arguments, each in base64, separated by
 * blanks. The answer is a line, too: exit code, standard output, standard error, the latter in base64.
 */
public final class Tools {
  private static final class Ended extends RuntimeException {
    final int code;

    Ended(int code) {
      super(null, null, false, false);
      this.code = code;
    }
  }

  private static final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private static Ended first; // some tools catch it, and end again
  private static int errors; // bytes of the standard error until then

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    Exit.setExitProcedure((code, message) -> end(code, message));
    Exit.setHaltProcedure((code, message) -> end(code, message));
    List<Runnable> atEnd = new ArrayList<>();
    Exit.setShutdownHookAdder((name, hook) -> atEnd.add(hook));
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = commands.readLine()) != null; ) {
      String[] words =
          Arrays.stream(line.split(" ", -1))
              .map(word -> new String(Base64.getDecoder().decode(word), StandardCharsets.UTF_8))
              .toArray(String[]::new);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      err.reset();
      first = null;
      System.setIn(new ByteArrayInputStream(words[1].getBytes(StandardCharsets.UTF_8)));
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
      int code = run(words[0], Arrays.copyOfRange(words, 2, words.length));
      atEnd.forEach(Runnable::run);
      atEnd.clear();
      int said = first == null ? err.size() : errors;
      answers.println(code + " " + text(out.toByteArray()) + " "
          + text(Arrays.copyOf(err.toByteArray(), said)));
      answers.flush();
    }
    Runtime.getRuntime().halt(0);
  }

  private static void end(int code, String message) {
    if (message != null) System.err.println(message);
    if (first == null) {
      first = new Ended(code);
      errors = err.size();
    }
    throw first;
  }

  private static String text(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static int run(String name, String[] arguments) throws Exception {
    try {
      Class.forName(name).getMethod("main", String[].class).invoke(null, (Object) arguments);
      return first == null ? 0 : first.code;
    } catch (InvocationTargetException error) {
      Throwable cause = error.getCause();
      if (first != null) return first.code;
      cause.printStackTrace();
      return 1;
    }
  }
}
