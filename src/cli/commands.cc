#include "cli/commands.h"

#include <fmt/core.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/argument_check.h"
#include "cli/bench/bench_command.h"
#include "cli/help_command.h"
#include "cli/log_commands.h"
#include "cli/output.h"
#include "cli/run_command.h"
#include "cli/server_command.h"
#include "cli/shell/shell.h"
#include "cli/storage/backup_command.h"
#include "cli/storage/restore_command.h"
#include "cli/test_command.h"
#include "cli/usage.h"
#include "cli/version.h"
#include "io/posix_world.h"

namespace millrace::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  millrace run examples/flights/flights.sql     run a script, print its results
  millrace run -c "SELECT 1 + 1" -o jsonl       one statement, its rows as JSON
  millrace run job.sql --data data              durable: run it again and it goes on
  millrace sql --data data                      a shell on the same data
  millrace server --data data                   serve it to clients of Kafka
  millrace consume flights -o -10               records of a topic, then those that come
  millrace help MR-2006                         more about an error
)";

constexpr const char* kRunExamples = R"(
Examples:
  millrace run job.sql
  millrace run tables.sql job.sql --data data --set 'epoch.interval=1 s'
  millrace run -q -o csv -c "SELECT …" > rows.csv
)";

constexpr const char* kServerExamples = R"(
Examples:
  millrace server --data data
  millrace server --data data --listen kafka=127.0.0.1:19092 --listen http=off
  millrace server --data data -f job.sql           a job beside the doors
)";

constexpr const char* kShellExamples = R"(
Examples:
  millrace sql --data data
  millrace sql --data data -c '\d' -c 'SELECT COUNT(*) FROM flights'
  echo 'SELECT 1;' | millrace sql -o jsonl
)";

constexpr const char* kTestExamples = R"(
Examples:
  millrace test tests
  millrace test tests/join.slt --world four_shards.world --seed 7
)";

constexpr const char* kBenchExamples = R"(
Examples:
  millrace bench nexmark q5 --events 10000000
  millrace bench nexmark q7 --latency
  millrace bench log --record-bytes 100 --batch-records 1000
)";

constexpr const char* kBackupExamples = R"(
Examples:
  millrace backup --data data --to /mnt/backup     while a server uses it, or none does
  millrace backup --data data --to /mnt/backup     again: only what is new is copied
  millrace backup --data data --to /mnt/$(date +%F) --rate 50    a folder a day, slowly
)";

constexpr const char* kRestoreExamples = R"(
Examples:
  millrace restore --from /mnt/backup --data data
  millrace restore --from /mnt/backup --verify-only
)";

constexpr const char* kHelpExamples = R"(
Examples:
  millrace help consume
  millrace help MR-2006
  millrace help filesystem
)";

std::string version_text() {
  const Version own = version();
  return fmt::format("millrace {}{}{} ({})\n", own.number, own.commit.empty() ? "" : " ",
                     own.commit, own.compiler);
}

// Arguments and what they were read into; the chosen command runs afterwards.
class Program {
 public:
  Program() : app_("A durable log and streaming SQL in one program.", "millrace") {
    app_.require_subcommand(0, 1);
    app_.set_help_flag("-h,--help", "This text");
    app_.set_version_flag("--version", version_text(), "The version of this program");
    app_.footer(kExamples);
    add_run();
    add_server();
    add_shell();
    log_.add_to(app_);
    add_backup();
    add_restore();
    add_test();
    add_bench();
    add_help();
  }

  ExitCode run(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (const auto wrong = unknown_command(app_, words)) return report(*wrong);
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForVersion&) {
      write_out(version_text());
      return ExitCode::kOk;
    } catch (const CLI::CallForHelp&) {
      write_out(help_text(chosen_command(app_)));
      return ExitCode::kOk;
    } catch (const CLI::ParseError& error) {
      return report(usage_error(app_, error));
    }
    if (chosen_) return chosen_();
    write_err(help_text(app_));
    return ExitCode::kUsage;
  }

 private:
  CLI::App* add(CLI::App& to, const char* name, const char* does, const char* examples,
                std::function<ExitCode()> run) {
    CLI::App* command = to.add_subcommand(name, does);
    command->footer(examples);
    if (run) command->callback([this, run = std::move(run)] { chosen_ = run; });
    return command;
  }

  void add_output(CLI::App* command, std::string& output) {
    command->add_option("-o,--output", output, "table, json, jsonl, csv or markdown")
        ->type_name("FORMAT");
  }

  void add_script_options(CLI::App* command) {
    command->add_option("--data", run_.data, "Keep log and state here")->type_name("DIR");
    take_one(command->add_option("--set", run_.settings, "A setting, name=value; repeatable")
                 ->type_name("SETTING"));
    command->add_option("--parallelism", run_.parallelism, "Shards of a job; default: cores")
        ->type_name("N");
    command->add_flag("-q,--quiet", run_.quiet, "Rows and errors only");
    add_output(command, run_.output);
  }

  void add_run() {
    CLI::App* command =
        add(app_, "run", "Run SQL scripts in this process, until their inputs have ended",
            kRunExamples, [this] {
              if (!run_.files.empty() || !run_.commands.empty()) {
                return cli::run(world_.world(), run_);
              }
              return report(Error(ErrorCode::kInvalidOption, "there is nothing to run")
                                .at("millrace run")
                                .remedy("Name a script, or give SQL with -c."));
            });
    command->add_option("FILE", run_.files, "Scripts; '-' is stdin");
    take_one(command->add_option("-c,--command", run_.commands, "SQL text, before the files")
                 ->type_name("SQL"));
    add_script_options(command);
  }

  void add_server() {
    CLI::App* command = add(app_, "server", "Serve Kafka clients, until a signal comes",
                            kServerExamples, [this] { return serve(world_.world(), server_); });
    command->add_option("--data", server_.data, "Keep log and state here; default: for this run")
        ->type_name("DIR");
    take_one(command
                 ->add_option("--listen", server_.listen,
                              "kafka=HOST:PORT or http=HOST:PORT; port 0: a free one; 'off': "
                              "closed; repeatable, kafka for several listeners")
                 ->type_name("DOOR=ADDRESS"));
    take_one(command
                 ->add_option("--advertise", server_.advertise,
                              "Where Kafka clients find the server, if not where it listens; one "
                              "for each listener, in their order")
                 ->type_name("HOST:PORT"));
    take_one(command->add_option("-f,--file", server_.files, "A script to run; repeatable")
                 ->type_name("FILE"));
    take_one(command
                 ->add_option("--broker-set", server_.settings,
                              "A setting of the broker, as num.partitions=4; repeatable")
                 ->type_name("NAME=VALUE"));
    command->add_flag("--insecure", server_.insecure,
                      "Listen beyond this machine although nobody has to say who he is");
  }

  void add_shell() {
    CLI::App* command =
        add(app_, "sql", "A shell; with -c or -f, or reading a pipe, it runs those and ends",
            kShellExamples, [this] { return shell(world_.world(), run_); });
    take_one(command->add_option("-c,--command", run_.commands, "SQL text, or a \\ command")
                 ->type_name("SQL"));
    take_one(command->add_option("-f,--file", run_.files, "A script")->type_name("FILE"));
    add_script_options(command);
  }

  void add_test() {
    CLI::App* command = add(app_, "test", "Run .slt files: SQL with expected rows", kTestExamples,
                            [this] { return test(world_.world(), test_); });
    command->add_option("PATH", test_.paths, "Files, or folders of them")->required();
    take_one(
        command->add_option("--world", test_.worlds, "A .world file: the circumstances; repeatable")
            ->type_name("FILE"));
    command->add_option("--seed", test_.seed, "Of simulated time, threads and crashes")
        ->type_name("N");
  }

  void add_bench() {
    CLI::App* bench =
        add(app_, "bench", "Benchmarks; a JSON object per result", kBenchExamples, {});
    bench->require_subcommand(1);
    CLI::App* nexmark = add(*bench, "nexmark", "The auction stream and its queries", kBenchExamples,
                            [this] { return bench_nexmark(world_.world(), bench_); });
    nexmark->add_option("QUERY", bench_.queries, "q0, q1, …; default: all");
    add_number(nexmark, "--events", bench_.events, "Events of the stream");
    add_number(nexmark, "--rate", bench_.rate, "Events per second of event time");
    nexmark->add_option("--parallelism", bench_.parallelism, "Shards of a job; default: cores")
        ->type_name("N");
    add_number(nexmark, "--epoch-interval", bench_.epoch_interval_ms,
               "Milliseconds between commits");
    add_number(nexmark, "--runs", bench_.runs, "Run each query so often; then their median");
    add_latency(nexmark);
    nexmark->add_option("--data", bench_.data, "Write log and state below this folder")
        ->type_name("DIR");
    nexmark->add_flag("--pushdown", bench_.pushdown, "Do not generate what a query does not use");
    nexmark->add_flag("--print-sql", bench_.print_sql, "Print the scripts instead of running them");
    add_bench_log(*bench);
  }

  void add_bench_log(CLI::App& bench) {
    CLI::App* log =
        add(bench, "log", "The log alone: append, read, latency; every append is synced",
            kBenchExamples, [this] { return bench_log(world_.world(), log_bench_); });
    add_number(log, "--record-bytes", log_bench_.record_bytes, "Bytes of a record's value");
    add_number(log, "--batch-records", log_bench_.batch_records, "Records of a batch");
    add_number(log, "--in-flight", log_bench_.in_flight, "Batches that wait for their sync");
    add_number(log, "--partitions", log_bench_.partitions, "Batches go to them in turn");
    add_number(log, "--rate", log_bench_.rate, "Records a second of the latency, a batch each");
    add_number(log, "--seconds", log_bench_.seconds, "Length of each load");
    log->add_option("--data", log_bench_.data, "Make the log below this folder")->type_name("DIR");
  }

  template <class Number>
  CLI::Option* add_number(CLI::App* command, const char* name, Number& number, const char* means) {
    return command->add_option(name, number, means)->type_name("N")->check(whole_number(1));
  }

  void add_latency(CLI::App* nexmark) {
    CLI::Option* half = nexmark->add_flag("--latency", bench_.latency,
                                          "Then measure latency, at half of the events per second");
    add_number(nexmark, "--wall-rate", bench_.wall_rate,
               "Measure only latency, at so many events per second of wall clock")
        ->excludes(half);
    add_number(nexmark, "--latency-seconds", bench_.latency_seconds,
               "Length of a run for latency; its first fifth does not count");
  }

  void add_backup() {
    CLI::App* command =
        add(app_, "backup", "Copy a data directory as of one moment, also while it is used",
            kBackupExamples, [this] { return back_up(world_.world(), backup_); });
    command->add_option("--data", backup_.data, "The data directory")->type_name("DIR")->required();
    command->add_option("--to", backup_.to, "A folder: empty, or with the backup before this one")
        ->type_name("FOLDER")
        ->required();
    command->add_flag("-q,--quiet", backup_.quiet, "No progress line");
    add_number(command, "--rate", backup_.rate_mib, "At most so many MiB a second");
    add_output(command, backup_.output);
  }

  void add_restore() {
    CLI::App* command =
        add(app_, "restore", "Make a data directory from a backup, every file checked",
            kRestoreExamples, [this] { return restore(world_.world(), restore_); });
    command->add_option("--from", restore_.from, "The folder of the backup")
        ->type_name("FOLDER")
        ->required();
    command->add_option("--data", restore_.data, "The new data directory: empty, or not there yet")
        ->type_name("DIR");
    command->add_flag("--verify-only", restore_.verify_only, "Check the backup, write nothing");
    command->add_flag("-q,--quiet", restore_.quiet, "No progress line, no hints");
    add_number(command, "--rate", restore_.rate_mib, "At most so many MiB a second");
    add_output(command, restore_.output);
  }

  void add_help() {
    CLI::App* command = add(app_, "help", "More about a command, an error, a connector or a format",
                            kHelpExamples, [this] { return help(); });
    command->add_option("WORD", help_words_,
                        "A command, MR-2006, a connector, a format; 'table': options of all");
  }

  ExitCode help() {
    if (help_words_.size() == 1) {
      if (const auto explained = explain_word(help_words_.front())) return *explained;
    }
    const CLI::App* command = find_command(app_, help_words_);
    if (command == nullptr) return unknown_word(help_words_.front(), command_names(app_));
    write_out(help_text(*command));
    return ExitCode::kOk;
  }

  CLI::App app_;
  io::PosixWorld world_;
  RunOptions run_;
  ServerCommandOptions server_;
  LogCommands log_{world_.world(), [this](std::function<ExitCode()> run) { chosen_ = run; }};
  TestOptions test_;
  BenchOptions bench_;
  LogBenchOptions log_bench_;
  BackupCommandOptions backup_;
  RestoreCommandOptions restore_;
  std::vector<std::string> help_words_;
  std::function<ExitCode()> chosen_;
};

}  // namespace

int run_program(int argc, char** argv) {
  // A reader of stdout that goes away is an error of write, which ends the command in order.
  signal(SIGPIPE, SIG_IGN);
  return static_cast<int>(finish_output(Program().run(argc, argv)));
}

}  // namespace millrace::cli
