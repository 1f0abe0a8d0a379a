#include "cli/commands.h"

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/nearest.h"
#include "cli/bench/bench_command.h"
#include "cli/help_command.h"
#include "cli/help_options.h"
#include "cli/run_command.h"
#include "cli/shell.h"
#include "cli/terminal_client.h"
#include "cli/test_command.h"
#include "cli/topic_command.h"
#include "cli/version.h"
#include "io/posix_world.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kExamples = R"(Examples:
  millrace run examples/flights/flights.sql          run a script, print its results
  millrace run -c "SELECT 1 + 1" -o json             one statement, as JSON
  millrace run job.sql --data data                   durable: run it again and it goes on
  millrace sql --data data                           a shell on the same data
  millrace topic list --data data                    what the log holds
  millrace consume flights --data data -n 10         records of a topic
)";

std::string version_text() {
  const Version own = version();
  return fmt::format("millrace {}{}{} ({})", own.number, own.commit.empty() ? "" : " ", own.commit,
                     own.compiler);
}

// Arguments and what they were read into; the chosen command runs afterwards.
class Program {
 public:
  Program() : app_("Millrace: a durable log and streaming SQL in one program.", "millrace") {
    app_.require_subcommand(0, 1);
    app_.set_version_flag("--version", version_text());
    app_.footer(std::string(kExamples));
    add_run();
    add_shell();
    add_topics();
    add_test();
    add_bench();
    add_help();
  }

  int run(int argc, char** argv) {
    if (argc > 1 && argv[1][0] != '-') {
      if (const auto wrong = unknown_command(argv[1])) return *wrong;
    }
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const bool asked = error.get_exit_code() == 0;  // --help, --version
      app_.exit(error);
      return static_cast<int>(asked ? ExitCode::kOk : ExitCode::kUsage);
    }
    if (!chosen_) {
      write_err(app_.help());
      return static_cast<int>(ExitCode::kUsage);
    }
    return static_cast<int>(chosen_());
  }

 private:
  std::optional<int> unknown_command(std::string_view word) {
    std::vector<std::string> names;
    for (const CLI::App* command : app_.get_subcommands({})) names.push_back(command->get_name());
    if (std::ranges::find(names, word) != names.end()) return std::nullopt;
    const std::vector<std::string_view> known(names.begin(), names.end());
    return static_cast<int>(
        report(Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no command of millrace", word))
                   .remedy(nearest_remedy(word, known) + " 'millrace --help' shows all.")));
  }

  void add_output(CLI::App* command, std::string& output) {
    command->add_option("-o,--output", output, "table, json, jsonl, csv or markdown");
  }

  void add_run() {
    CLI::App* command = app_.add_subcommand("run", "Run SQL scripts in one embedded process");
    command->add_option("FILE", run_.files, "Scripts; '-' is stdin");
    command->add_option("-c,--command", run_.commands, "SQL text, before the files");
    command->add_option("--data", run_.data, "Keep log and state here; run again to go on");
    command->add_option("--set", run_.settings, "A setting, name=value");
    command->add_option("--parallelism", run_.parallelism, "Shards of a job; default: cores");
    command->add_flag("-q,--quiet", run_.quiet, "Rows and errors only");
    add_output(command, run_.output);
    command->callback([this] {
      chosen_ = [this] {
        if (run_.files.empty() && run_.commands.empty()) {
          return report(Error(ErrorCode::kInvalidOption, "there is nothing to run")
                            .remedy("Name a script, or give SQL with -c."));
        }
        return cli::run(world_.world(), run_);
      };
    });
  }

  void add_shell() {
    CLI::App* command = app_.add_subcommand("sql", "A shell; with -c or -f, as `run`");
    command->add_option("-c,--command", run_.commands, "SQL text");
    command->add_option("-f,--file", run_.files, "A script");
    command->add_option("--data", run_.data, "Log and state");
    command->add_option("--set", run_.settings, "A setting, name=value");
    add_output(command, run_.output);
    command->callback([this] {
      chosen_ = [this] {
        const bool batch = !run_.files.empty() || !run_.commands.empty();
        return batch ? cli::run(world_.world(), run_) : shell(world_.world(), run_);
      };
    });
  }

  void add_topics() {
    CLI::App* topic = app_.add_subcommand("topic", "Topics of a data directory");
    topic->require_subcommand(1);
    CLI::App* list = topic->add_subcommand("list", "Names, partitions, records");
    CLI::App* describe = topic->add_subcommand("describe", "Partitions and settings of a topic");
    CLI::App* consume = app_.add_subcommand("consume", "Print records of a topic");
    CLI::App* produce = app_.add_subcommand("produce", "Append lines of stdin to a topic");
    for (CLI::App* command : {list, describe, consume, produce}) {
      command->add_option("--data", topic_.data, "The data directory")->required();
    }
    for (CLI::App* command : {describe, consume, produce}) {
      command->add_option("TOPIC", topic_.topic, "Its name")->required();
    }
    add_output(list, topic_.output);
    add_output(describe, topic_.output);
    consume->add_option("-o,--offset", topic_.offset, "start, end, N, or -N for the last N");
    consume->add_option("-n,--count", topic_.count, "End after so many records");
    consume->add_option("-f,--format", topic_.format,
                        "%k %v %o %p %T %t: key, value, offset, "
                        "partition, timestamp, topic");
    produce->add_option("-K,--key-separator", topic_.key_separator,
                        "Splits each line into key and value");
    list->callback([this] { choose(list_topics); });
    describe->callback([this] { choose(describe_topic); });
    consume->callback([this] { choose(cli::consume); });
    produce->callback([this] { choose(cli::produce); });
  }

  void add_test() {
    CLI::App* command = app_.add_subcommand("test", "Run .slt files: SQL with expected rows");
    command->add_option("PATH", test_.paths, "Files, or folders of them")->required();
    command->add_option("--world", test_.worlds, "A .world file: the circumstances; repeatable")
        ->expected(1)
        ->take_all();
    command->add_option("--seed", test_.seed, "Of simulated time, threads and crashes");
    command->callback([this] { chosen_ = [this] { return cli::test(world_.world(), test_); }; });
  }

  void add_bench() {
    CLI::App* bench = app_.add_subcommand("bench", "Benchmarks; a JSON object per query");
    bench->require_subcommand(1);
    CLI::App* nexmark = bench->add_subcommand("nexmark", "The auction stream and its queries");
    nexmark->add_option("QUERY", bench_.queries, "q0, q1, …; default: all");
    nexmark->add_option("--events", bench_.events, "Events of the stream")
        ->check(CLI::PositiveNumber);
    nexmark->add_option("--rate", bench_.rate, "Events per second of event time")
        ->check(CLI::PositiveNumber);
    nexmark->add_option("--parallelism", bench_.parallelism, "Shards of a job; default: cores");
    nexmark
        ->add_option("--epoch-interval", bench_.epoch_interval_ms, "Milliseconds between commits")
        ->check(CLI::PositiveNumber);
    nexmark->add_option("--runs", bench_.runs, "Run each query so often; then their median")
        ->check(CLI::PositiveNumber);
    add_latency(nexmark);
    nexmark->add_option("--data", bench_.data, "Write log and state below this folder");
    nexmark->add_flag("--pushdown", bench_.pushdown, "Do not generate what a query does not use");
    nexmark->add_flag("--print-sql", bench_.print_sql, "Print the scripts instead of running them");
    nexmark->callback(
        [this] { chosen_ = [this] { return bench_nexmark(world_.world(), bench_); }; });
  }

  void add_latency(CLI::App* nexmark) {
    CLI::Option* half = nexmark->add_flag("--latency", bench_.latency,
                                          "Then measure latency, at half of the events per second");
    nexmark
        ->add_option("--wall-rate", bench_.wall_rate,
                     "Measure only latency, at so many events per second of wall clock")
        ->check(CLI::PositiveNumber)
        ->excludes(half);
    nexmark
        ->add_option("--latency-seconds", bench_.latency_seconds,
                     "Length of a run for latency; its first fifth does not count")
        ->check(CLI::PositiveNumber);
  }

  void choose(ExitCode (*command)(io::World, const TopicOptions&)) {
    chosen_ = [this, command] { return command(world_.world(), topic_); };
  }

  void add_help() {
    CLI::App* command =
        app_.add_subcommand("help", "A command, an error MR-1234, a connector or format");
    command->add_option("WORD", help_word_, "A command, error code, connector or format; 'table'");
    command->callback([this] {
      chosen_ = [this] {
        if (help_word_.starts_with("MR-") || help_word_.starts_with("mr-")) {
          return explain_error(help_word_);
        }
        if (help_word_.empty()) {
          write_out(app_.help());
          return ExitCode::kOk;
        }
        if (const auto explained = explain_options(help_word_)) return *explained;
        if (const auto wrong = unknown_command(help_word_)) return static_cast<ExitCode>(*wrong);
        write_out(app_.get_subcommand(help_word_)->help());
        return ExitCode::kOk;
      };
    });
  }

  CLI::App app_;
  io::PosixWorld world_;
  RunOptions run_;
  TopicOptions topic_;
  TestOptions test_;
  BenchOptions bench_;
  std::string help_word_;
  std::function<ExitCode()> chosen_;
};

}  // namespace

int run_program(int argc, char** argv) {
  return Program().run(argc, argv);
}

}  // namespace millrace::cli
