-- Every row of the checklist, by its name.
local list = require("features")
describe("features", function()
  for _, feature in ipairs(list) do
    it(feature.section .. ": " .. feature.row, function()
      assert.is_truthy(feature.f())
    end)
  end
end)
