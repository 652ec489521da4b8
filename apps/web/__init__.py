"""What the pages of the console and of the portal share: their guard, templates, forms, styles and scripts."""
