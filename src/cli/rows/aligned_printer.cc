#include "cli/rows/aligned_printer.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/rows/text_width.h"
#include "data/value.h"

namespace millrace::cli {
namespace {

std::string pad(std::string_view text, size_t width, bool right) {
  const size_t own = width_of(text);
  const std::string blanks(width > own ? width - own : 0, ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

// In Markdown a bar ends the cell.
std::string in_markdown(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.insert(at, "\\");
  }
  return on_one_line(text);
}

}  // namespace

AlignedPrinter::AlignedPrinter(data::SchemaPtr schema, bool markdown, Look look, Write write)
    : schema_(std::move(schema)), markdown_(markdown), look_(look), write_(std::move(write)) {
  for (const data::Field& field : schema_->fields()) {
    names_.push_back(markdown_ ? in_markdown(field.name) : on_one_line(field.name));
    widths_.push_back(width_of(names_.back()));
  }
}

void AlignedPrinter::rows(const data::Batch& batch) {
  batch.for_each_row([&](uint32_t row) {
    Cells cells;
    for (size_t index = 0; index < schema_->columns(); ++index) {
      const data::Value value = batch.column(index)->value(row);
      std::string text;
      if (value.is_null()) {
        text = markdown_ ? "" : "NULL";
      } else {
        text = data::to_string(value, schema_->field(index).type);
        text = markdown_ ? in_markdown(std::move(text)) : on_one_line(text);
      }
      widths_[index] = std::max(widths_[index], width_of(text));
      cells.push_back(std::move(text));
    }
    cells_.push_back(std::move(cells));
  });
}

void AlignedPrinter::show() {
  if (!begun_) {
    begun_ = true;
    const bool wanted =
        look_.expanded == Expanded::kOn || (look_.expanded == Expanded::kAuto && too_wide());
    expanded_ = wanted && !markdown_ && !cells_.empty();
    if (!expanded_) {
      line(names_, true);
      rule();
    }
  }
  for (const Cells& cells : cells_) {
    ++count_;
    if (expanded_) {
      record(cells);
    } else {
      line(cells, false);
    }
  }
  cells_.clear();
}

uint64_t AlignedPrinter::finish() {
  show();
  if (!markdown_) write_(fmt::format("({} row{})\n", count_, count_ == 1 ? "" : "s"));
  return count_;
}

bool AlignedPrinter::too_wide() const {
  size_t width = 0;
  for (const size_t column : widths_) width += column + 3;
  return look_.columns > 0 && width > look_.columns + 1 && widths_.size() > 1;
}

void AlignedPrinter::line(const Cells& cells, bool names) {
  std::string text = markdown_ ? "| " : " ";
  for (size_t index = 0; index < cells.size(); ++index) {
    if (index > 0) text += " | ";
    const bool right = !names && schema_->field(index).type.is_numeric();
    text += pad(cells[index], widths_[index], right);
  }
  if (markdown_) text += " |";
  while (text.ends_with(' ')) text.pop_back();
  write_(text + "\n");
}

void AlignedPrinter::rule() {
  std::string text = markdown_ ? "|" : "";
  for (size_t index = 0; index < widths_.size(); ++index) {
    if (index > 0) text += markdown_ ? "|" : "+";
    text += std::string(widths_[index] + 2, '-');
  }
  write_(text + (markdown_ ? "|\n" : "\n"));
}

void AlignedPrinter::record(const Cells& cells) {
  size_t width = 0;
  for (const std::string& name : names_) width = std::max(width, width_of(name));
  std::string text = fmt::format("-[ row {} ]", count_);
  text.append(text.size() < width + 2 ? width + 2 - text.size() : 0, '-');
  text += '\n';
  for (size_t index = 0; index < cells.size(); ++index) {
    text += pad(names_[index], width, false) + " | " + cells[index];
    while (text.ends_with(' ')) text.pop_back();
    text += '\n';
  }
  write_(text);
}

}  // namespace millrace::cli
