-- Every row of the checklist, by its name.
local list = require("features")
local where_served = require("helper").where_served
describe("features", function()
  for _, feature in ipairs(list) do
    it(feature.section .. ": " .. feature.row, function()
      assert.is_truthy(where_served(feature.f))
    end)
  end
end)
