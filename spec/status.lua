-- Prints docs/status.md from what the checklist's spec gives: a busted output handler, so that the page says nothing
-- but what was seen.
--
--     busted -o spec/status.lua spec/features_spec.lua > docs/status.md
--
-- A passing row is `+`, a pending one `~` (in part, with its words), a failing one `-`.

return function()
  local busted = require("busted")
  local handler = require("busted.outputHandlers.base")()
  local chapters, rows, count = {}, {}, { ["+"] = 0, ["~"] = 0, ["-"] = 0 }
  local marks = { success = "+", pending = "~" }

  local function escaped(text) return (text:gsub("|", "\\|"):gsub("\n.*", "")) end

  busted.subscribe({ "test", "end" }, function(element, parent, status)
    local chapter = parent and parent.name or "Rows"
    if not rows[chapter] then
      rows[chapter] = {}
      chapters[#chapters + 1] = chapter
    end
    local mark = marks[status] or "-"
    count[mark] = count[mark] + 1
    table.insert(rows[chapter], ("| %s | %s |"):format(escaped(element.name), mark))
    return nil, true
  end)

  busted.subscribe({ "suite", "end" }, function()
    local out = {
      "# Status",
      "",
      "What of the checklist is true, row by row: `+` yes, `~` in part, `-` no. Written by `spec/status.lua` from",
      "a run of `spec/features_spec.lua`; not to be edited by hand.",
      "",
      ("%d rows `+`, %d `~`, %d `-`."):format(count["+"], count["~"], count["-"]),
    }
    for _, chapter in ipairs(chapters) do
      local lines = table.concat(rows[chapter], "\n")
      out[#out + 1] = ("\n## %s\n\n| feature | |\n|---|:-:|\n%s"):format(chapter, lines)
    end
    io.stdout:write(table.concat(out, "\n"), "\n")
    return nil, true
  end)

  return handler
end
