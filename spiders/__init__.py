"""The Scrapy project: the one way to the network. `python -m spiders SLUG...` runs one reactor for all slugs."""
