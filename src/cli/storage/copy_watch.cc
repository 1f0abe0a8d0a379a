#include "cli/storage/copy_watch.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "data/datetime_text.h"

namespace millrace::cli {
namespace {

constexpr double kMiB = 1 << 20;

}  // namespace

CopyWatch::CopyWatch(io::World world, std::string doing, CopyPace pace)
    : world_(world),
      doing_(std::move(doing)),
      pace_(pace),
      begun_(world.clock.now()),
      line_(world.clock, pace.progress),
      timer_(pace.rate_mib > 0 ? world.threads.start({.name = "pace"}) : nullptr),
      interrupt_(world.clock, [this] { stop_.request_stop(); }) {}

log::FileCarrier::Watch CopyWatch::watch() {
  return [this](const log::CopyProgress& progress) {
    show(progress);
    if (timer_ != nullptr) wait_for_turn(progress.bytes);
  };
}

void CopyWatch::wait_for_turn(uint64_t bytes) {
  const double seconds = static_cast<double>(bytes) / kMiB / static_cast<double>(pace_.rate_mib);
  const auto since = static_cast<int64_t>(seconds * static_cast<double>(io::kNsPerSecond));
  io::Notification due;
  timer_->post_at(begun_ + since, [&due] { due.set(); });
  world_.threads.wait(due);
}

void CopyWatch::show(const log::CopyProgress& progress) {
  if (!line_.due()) return;
  const int64_t ms = std::max<int64_t>(elapsed_ms(), 1);
  const std::string total =
      progress.bytes_total == 0 ? "" : fmt::format(" of {}", bytes_text(progress.bytes_total));
  line_.show(fmt::format("{}: {}{}, {}/s", doing_, bytes_text(progress.bytes), total,
                         bytes_text(progress.bytes * 1000 / static_cast<uint64_t>(ms))));
}

std::string bytes_text(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  constexpr double kStep = 1024;
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= kStep && unit + 1 < kUnits.size(); ++unit) value /= kStep;
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string moment_text(int64_t wall_us) {
  std::string text;
  data::append_timestamp(text, wall_us, data::TimeUnit::kUs, 0);
  return text;
}

}  // namespace millrace::cli
