import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
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

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    Exit.setExitProcedure((code, message) -> end(code, message));
    Exit.setHaltProcedure((code, message) -> end(code, message));
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = commands.readLine()) != null; ) {
      String[] words =
          Arrays.stream(line.split(" ", -1))
              .map(word -> new String(Base64.getDecoder().decode(word), StandardCharsets.UTF_8))
              .toArray(String[]::new);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      System.setIn(new ByteArrayInputStream(words[1].getBytes(StandardCharsets.UTF_8)));
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
      int code = run(words[0], Arrays.copyOfRange(words, 2, words.length));
      answers.println(code + " " + text(out) + " " + text(err));
      answers.flush();
    }
    Runtime.getRuntime().halt(0);
  }

  private static void end(int code, String message) {
    if (message != null) System.err.println(message);
    throw new Ended(code);
  }

  private static String text(ByteArrayOutputStream bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  private static int run(String name, String[] arguments) throws Exception {
    try {
      Class.forName(name).getMethod("main", String[].class).invoke(null, (Object) arguments);
      return 0;
    } catch (InvocationTargetException error) {
      Throwable cause = error.getCause();
      if (cause instanceof Ended ended) return ended.code;
      cause.printStackTrace();
      return 1;
    }
  }
}
