import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;

/**
 * Counts words, exactly once: of all times into INPUT-counts, by the minute into INPUT-windows. Each
 * new count is a record, so a word's records are 1, 2, 3, … Arguments: BOOTSTRAP INPUT FOLDER. Prints
 * the states it comes to.
 */
public final class Streams {
  public static void main(String[] arguments) {
    String input = arguments[1];
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, String> lines = builder.stream(input);
    KGroupedStream<String, String> words =
        lines
            .flatMapValues(line -> Arrays.asList(line.split(" ")))
            .groupBy((key, word) -> word, Grouped.as("words"));
    words
        .count(Materialized.as("counts"))
        .toStream()
        .mapValues(String::valueOf)
        .to(input + "-counts");
    words
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofDays(1)))
        .count(Materialized.as("windows"))
        .toStream((window, count) -> window.key() + "@" + window.window().start())
        .mapValues(String::valueOf)
        .to(input + "-windows");
    Properties settings = new Properties();
    settings.putAll(
        Map.of(
            "bootstrap.servers", arguments[0],
            "application.id", "app." + input,
            "state.dir", arguments[2],
            "processing.guarantee", "exactly_once_v2",
            "statestore.cache.max.bytes", 0,
            "commit.interval.ms", 100,
            "num.stream.threads", 2,
            "default.key.serde", Serdes.StringSerde.class,
            "default.value.serde", Serdes.StringSerde.class));
    settings.putAll(
        Map.of(
            "auto.offset.reset", "earliest",
            "session.timeout.ms", 3000,
            "heartbeat.interval.ms", 300,
            "reconnect.backoff.max.ms", 200));
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    streams.setStateListener((now, before) -> System.out.println(now));
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
