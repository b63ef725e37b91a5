// What people write into a function node: check the fields, gather, and make one INSERT of many rows.
const reading = msg.payload;
const isSound = Number.isInteger(reading.turbine_number) && Number.isFinite(reading.wind_speed)
    && Number.isFinite(reading.power_output_in_kwh) && ["ok", "broken"].includes(reading.operational_status)
    && !Number.isNaN(Date.parse(reading.emitted_at));
if (!isSound) {
    node.warn("not a reading");
    return null;
}
const text = (value) => "'" + String(value).replaceAll("'", "''") + "'";
const rows = context.get("rows") || [];
rows.push(`(${reading.turbine_number},${text(reading.emitted_at)},${reading.wind_speed},`
    + `${reading.power_output_in_kwh},${text(reading.operational_status)},${text(reading.session)},`
    + `${reading.sequence})`);
if (rows.length < 500) {
    context.set("rows", rows);
    return null;
}
context.set("rows", []);
return {topic: "INSERT OR IGNORE INTO readings VALUES " + rows.join(",")};
