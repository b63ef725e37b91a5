"""The program grid-turbines: simulated or replayed wind turbines on MQTT."""
